"""The person at the leads: electrodes that go wrong, skin, nerves, muscle, and a battery.

Plausible and adversarial, not predictive: nothing here may be used to choose anyone's amplitude.
Pure and deterministic: time is handed in as integer us or ns, chance as one seeded generator.
Certainty of numbers: R read in a source, R2 read in a secondary source, M+ and M? from memory,
D engineering judgement.
"""
