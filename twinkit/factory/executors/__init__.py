"""Where trials run: on this machine, or on the workers of a Dask cluster. Same plans, same results, same ids."""
