"""One trial: a separate supervised process that runs one scenario once and writes one result."""
