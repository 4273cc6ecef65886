# Batch maps of R kohonen; run by make_lattices.py as: Rscript kohonen_lattices.R wine.csv FOLDER
suppressPackageStartupMessages(library(kohonen))
words <- commandArgs(trailingOnly = TRUE)
wine <- as.matrix(read.csv(words[1], header = FALSE))

maps <- list(
  # name, lattice, columns, rows, toroidal, neighbourhood, radius at the start and at the stop, epochs
  list("rect_torus_6x4", "rectangular", 6, 4, TRUE, "gaussian", 2, 0.5, 40),
  list("rect_torus_5x9", "rectangular", 5, 9, TRUE, "gaussian", 2, 0.5, 40),
  list("rect_torus_7x5_bubble", "rectangular", 7, 5, TRUE, "bubble", 1.9, 1.1, 20),
  list("hex_torus_4x8", "hexagonal", 4, 8, TRUE, "gaussian", 2, 1, 40),
  list("hex_torus_7x4", "hexagonal", 7, 4, TRUE, "gaussian", 2, 0.5, 40),
  list("hex_torus_5x8_bubble", "hexagonal", 5, 8, TRUE, "bubble", 1.9, 1.1, 20),
  list("hex_5x7", "hexagonal", 5, 7, FALSE, "gaussian", 3, 0.5, 40)
)

# Where a neighbourhood makes units the same, kohonen draws lots between them: these maps do not, whatever the seed.
for (map in maps) {
  grid <- somgrid(map[[3]], map[[4]], topo = map[[2]], neighbourhood.fct = map[[6]], toroidal = map[[5]])
  m <- map[[3]] * map[[4]]
  rows <- floor((0:(m - 1)) * 177 / (m - 1)) + 1  # evenly spread samples, with every figure a whole number
  trained <- som(wine, grid = grid, rlen = map[[9]], radius = c(map[[7]], map[[8]]), mode = "batch",
                 init = wine[rows, ], dist.fcts = "euclidean")
  write.table(formatC(trained$codes[[1]], digits = 17, format = "g"), sep = ",", quote = FALSE, row.names = FALSE,
              col.names = FALSE, file = file.path(words[2], paste0(map[[1]], "_codebook.csv")))
  write.table(formatC(unit.distances(grid), digits = 17, format = "g"), sep = ",", quote = FALSE, row.names = FALSE,
              col.names = FALSE, file = file.path(words[2], paste0(map[[1]], "_distances.csv")))
  write(c(map[[2]], map[[3]], map[[4]], map[[5]], map[[6]], map[[7]], map[[8]], map[[9]],
          as.character(packageVersion("kohonen")), trained$unit.classif - 1),
        file.path(words[2], paste0(map[[1]], "_facts.txt")), ncolumns = 1)
}
