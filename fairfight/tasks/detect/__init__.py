"""detect: say which inputs set the fault off."""
