"""Plays a browser without scripts: keeps cookies, follows redirects one by one, reads forms and fills them."""

import html.parser
import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Page:
    """What a browser has been answered."""

    def __init__(self, url, response):
        self.url, self.status, self.headers = url, response.status, response.headers
        self.text = response.read().decode()
        self._read = _Reader()
        self._read.feed(self.text)
        self.forms, self.links = self._read.forms, self._read.links

    def location(self):
        """Where a redirect leads, None if this is none."""
        if not 300 <= self.status < 400:
            return None
        return urllib.parse.urljoin(self.url, self.headers["location"])

    def returned(self):
        """The parameters with which a redirect leads back to an application."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.location()).query))

    def element(self, name):
        """Text of the first element of that name, or with that role."""
        return next((text.strip() for tag, role, text in self._read.texts if name in (tag, role)), None)

    def form(self, field):
        """The first form with that field or button."""
        found = self._form(field)
        if found is None:
            raise AssertionError(f"no form with {field} at {self.url} ({self.status}): {self.text}")
        return found

    def has_form(self, field):
        """Whether there is a form with that field or button."""
        return self._form(field) is not None

    def _form(self, field):
        return next((form for form in self.forms if field in form["fields"] or field in form["buttons"]), None)


class _Cookies(http.cookiejar.DefaultCookiePolicy):
    """As browsers do, secure cookies are sent to one's own machine without TLS as well: nothing travels over a network there."""

    def return_ok_secure(self, cookie, request):
        return super().return_ok_secure(cookie, request) or urllib.parse.urlsplit(request.full_url).hostname == "127.0.0.1"


class Browser:
    """A browser with cookies of its own. `sites`: hosts and ports among which redirects are followed."""

    def __init__(self, language="en", sites=()):
        self.cookies = http.cookiejar.CookieJar(_Cookies())
        self._language, self._sites = language, sites
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _Stay, urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def open(self, url, fields=None, method=None):
        """One request, with fields as a form; redirects are not followed."""
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(url, data, {"accept-language": self._language}, method=method)
        if data is not None:
            # As browsers do for pages that send no referrer.
            request.add_header("origin", "null")
            request.add_header("sec-fetch-site", "same-origin")
        try:
            return Page(url, self._opener.open(request, timeout=20))
        except urllib.error.HTTPError as answer:
            return Page(url, answer)

    def follow(self, page):
        """Follows redirects within the site, and to the sites that this browser knows; one that leads away comes back as it is."""
        for _ in range(10):
            target = page.location()
            if target is None:
                return page
            here, there = (urllib.parse.urlsplit(url).netloc for url in [page.url, target])
            if there != here and there not in self._sites:
                return page
            page = self.open(target)
        raise AssertionError(f"redirects without end: {page.url}")

    def visit(self, url):
        return self.follow(self.open(url))

    def send(self, page, form, **entries):
        """Fills a form and sends it."""
        fields = {**form["fields"], **{name.replace("_", "-"): value for name, value in entries.items()}}
        return self.open(urllib.parse.urljoin(page.url, form["action"]), fields)

    def log_in(self, page, person):
        """Fills the login form of a page, and follows."""
        form = page.form("password")
        return self.follow(self.send(page, form, username=person["username"], password=person["password"]))

    def log_in_if_asked(self, page, person):
        """Fills the login form, unless the page is past it."""
        return self.log_in(page, person) if page.has_form("password") else page


class _Reader(html.parser.HTMLParser):
    """Collects forms, links and the texts of elements."""

    _void = {"input", "meta", "link", "img", "br", "hr"}

    def __init__(self):
        super().__init__()
        self.forms, self.links, self.texts, self._open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append({"action": attributes.get("action") or "", "fields": {}, "buttons": {}})
        elif tag == "input" and "name" in attributes:
            self.forms[-1]["fields"][attributes["name"]] = attributes.get("value") or ""
        elif tag == "button" and "name" in attributes:
            self.forms[-1]["buttons"][attributes["name"]] = attributes.get("value") or ""
        elif tag == "a":
            self.links.append(attributes.get("href"))
        if tag not in self._void:
            self._open.append([tag, attributes.get("role"), ""])
            self.texts.append(self._open[-1])

    def handle_data(self, data):
        for element in self._open:
            element[2] += data

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass
