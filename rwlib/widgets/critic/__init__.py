"""`CriticView`: look over the discriminator's shoulder while it learns, equation (6)."""
