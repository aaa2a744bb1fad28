"""Films of folds that appear from coarse to fine."""
