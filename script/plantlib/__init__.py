# SPDX-License-Identifier: Apache-2.0
"""What script/plants is made of."""
