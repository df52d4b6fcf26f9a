"""Ways to change a subject's weights by descent, each a function of a subject and labelled inputs."""
