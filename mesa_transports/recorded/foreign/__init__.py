"""Files of other tools that hold recorded traffic: HAR 1.2, and the cassettes of VCR.py."""
