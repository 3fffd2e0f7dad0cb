"""The parts of ./vortex: packages, images, machines, suites."""
