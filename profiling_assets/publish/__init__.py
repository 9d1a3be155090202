"""Results into a data repository: git, Git LFS, what is committed and what is refused."""
