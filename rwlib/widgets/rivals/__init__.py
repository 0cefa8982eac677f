"""`RivalGallery`: one painted hole, filled by every method side by side."""
