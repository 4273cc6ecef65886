# R's kohonen on one case: folder, mode, n, d, side, rounds, first and last radius, seconds that count as short, repeats.
# Prints the seconds of each run as JSON; leaves the codebook in the folder.
suppressMessages(library(kohonen))
said <- commandArgs(trailingOnly = TRUE)
folder <- said[1]
mode <- said[2]
v <- as.numeric(said[3:10])
units <- v[3]^2
numbers <- function(name, rows) {
  matrix(readBin(file.path(folder, name), "double", rows * v[2]), rows, v[2], byrow = TRUE)
}
X <- numbers("kohonen-x.bin", v[1])
W <- numbers("kohonen-w.bin", units)
trained <- NULL
once <- function() {
  set.seed(1)
  map <- somgrid(v[3], v[3], "rectangular", neighbourhood.fct = "gaussian")
  begin <- proc.time()[[3]]
  trained <<- supersom(list(X), map, rlen = v[4], mode = mode, cores = parallel::detectCores(), alpha = c(0.5, 0.01),
                       radius = c(v[5], v[6]), init = list(W), keep.data = FALSE, normalizeDataLayers = FALSE,
                       dist.fcts = "sumofsquares")
  proc.time()[[3]] - begin
}
times <- once()
if (times < v[7]) times <- replicate(v[8], once())
writeBin(as.vector(t(trained$codes[[1]])), file.path(folder, "kohonen-out.bin"))
cat("\n[", paste(times, collapse = ", "), "]\n", sep = "")
