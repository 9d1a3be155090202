"""What is odd: checks, preflight, pictures, reports, the summary, differences of two results."""
