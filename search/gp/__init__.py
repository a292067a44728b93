"""Our own sampler: a Gaussian process that knows what a curriculum is."""
