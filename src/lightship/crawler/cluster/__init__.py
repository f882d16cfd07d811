"""Several crawlers share one crawl: hosts are partitioned among them."""
