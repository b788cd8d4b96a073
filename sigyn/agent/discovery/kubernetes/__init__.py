"""`kubernetes_sd_configs`: what runs in a cluster, as its API server tells by list and watch."""
