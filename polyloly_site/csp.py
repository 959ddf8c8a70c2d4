"""The Content-Security-Policy: nothing from elsewhere, nothing inline. One place is allowed more.

The Django admin's theme (unfold) evaluates expressions in its markup and sets styles inline. It gets what it needs
under ``/admin/`` and nowhere else; scripts still come from us alone.
"""

from typing import Final

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

ADMIN: Final = "/admin/"
ADMIN_ALSO: Final = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}


class Policy(CSPMiddleware):
    """The site's policy, wider where the admin needs it."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 the base class's shape
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(ADMIN):
            parts.update = {**ADMIN_ALSO, **(parts.update or {})}
        return parts
