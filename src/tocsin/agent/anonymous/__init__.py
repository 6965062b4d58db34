# SPDX-License-Identifier: Apache-2.0
"""The unlinkable way out. It shares no client, key of a request, header or connection with `tocsin.agent.signed`.

Read in this order: `epochs` what is believed of the path, `tokens` what makes an anonymous report count, `reports` what
waits, `envelopes` cover and report by one code path, `records` what a slot had, `standing` whether somebody would be
hidden now, `means` what is sent with, `slots` the loop that sends, `now` the class that does not wait, `settling` how a
report ended, `client` the way to the relay.
"""
