# Distances and best units of a super-organised map of R kohonen, for tests/test_metrics.py; from the folder tests/data:
# Rscript kohonen_layers.R wine.csv kohonen_layers.json, with wine.csv that of sklearn.datasets.load_wine, z-scored
# (ddof = 0), without a header.
suppressPackageStartupMessages(library(kohonen))
words <- commandArgs(trailingOnly = TRUE)
wine <- as.matrix(read.csv(words[1], header = FALSE))
layers <- list(first = wine[, 1:5], second = wine[, 6:10], third = wine[, 11:13])
set.seed(1)
trained <- supersom(layers, somgrid(4, 3, "hexagonal"), rlen = 10, user.weights = c(2, 1, 1),
                    dist.fcts = c("euclidean", "manhattan", "euclidean"), mode = "batch", normalizeDataLayers = TRUE)
weights <- trained$user.weights * trained$distance.weights
weights <- weights / sum(weights)
found <- map(trained, newdata = layers)
figures <- function(numbers) paste0("[", paste(formatC(numbers, digits = 17, format = "g"), collapse = ","), "]")
codes <- do.call(cbind, trained$codes)
rows <- apply(codes, 1, figures)
cat('{"source":"R kohonen ', as.character(packageVersion("kohonen")), ', supersom, mode batch",\n',
    '"weights":', figures(weights), ',\n"codebook":[', paste(rows, collapse = ",\n"), '],\n',
    '"units":', figures(found$unit.classif - 1), ',\n"distances":', figures(found$distances), '}\n',
    sep = "", file = words[2])
