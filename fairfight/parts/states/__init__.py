"""From a recurrent network's states to a program: integer codes, machines, laws (MIPS, Michaud et al. 2024)."""
