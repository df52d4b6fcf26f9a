"""Secret rules planted in networks: a small network whose every answer follows one program that is known."""
