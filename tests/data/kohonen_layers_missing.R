# Distances and best units of samples with values missing, on a super-organised map of R kohonen, for
# tests/test_layers.py; from the folder tests/data: Rscript kohonen_layers_missing.R kohonen_layers_missing.json
suppressPackageStartupMessages(library(kohonen))
words <- commandArgs(trailingOnly = TRUE)
set.seed(1)
first <- matrix(rnorm(90), 30, 3)
second <- matrix(rnorm(60), 30, 2)
trained <- supersom(list(first, second), somgrid(4, 3, "hexagonal"), rlen = 10, user.weights = c(2, 1),
                    dist.fcts = c("euclidean", "euclidean"))
first[cbind(c(2, 4, 4, 7, 9), c(1, 2, 3, 2, 3))] <- NA
second[cbind(c(2, 5, 7), c(2, 1, 2))] <- NA
found <- map(trained, newdata = list(first, second), maxNA.fraction = 0.9)
weights <- trained$user.weights * trained$distance.weights
weights <- weights / sum(weights)
figures <- function(numbers) gsub("NA", "null", paste0("[", paste(formatC(numbers, digits = 17, format = "g"), collapse = ","), "]"))
table <- function(rows) paste0("[", paste(apply(rows, 1, figures), collapse = ",\n"), "]")
cat('{"source":"R kohonen ', as.character(packageVersion("kohonen")), ', supersom and map with maxNA.fraction=0.9",\n',
    '"weights":', figures(weights), ',\n"codebook":', table(do.call(cbind, trained$codes)), ',\n"X":',
    table(cbind(first, second)), ',\n"units":', figures(found$unit.classif - 1), ',\n"distances":',
    figures(found$distances), '}\n', sep = "", file = words[1])
