"""The openEMSstim, an open attenuator board between a TENS unit and electrodes.

It knows no current: intensity is in percent of its own scale, and never anything else.
"""
