# hooks/: run one OCI hook; used on both sides of clone().
