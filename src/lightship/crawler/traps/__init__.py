"""What URLs and pages say about whether there is an end to their like, without a memory of the crawl."""
