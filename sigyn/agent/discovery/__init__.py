"""What is there to read: static lists, files of targets, Docker, Kubernetes."""
