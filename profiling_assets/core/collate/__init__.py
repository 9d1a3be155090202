"""One streaming pass over a plate's CSVs: read the sites of a well, hand the tables on, go on."""
