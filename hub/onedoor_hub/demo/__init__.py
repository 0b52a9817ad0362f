"""``onedoor demo``: a centre with history, real firmware and simulated citizens."""
