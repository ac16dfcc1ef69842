"""A real Chromium, and what can be measured of a page in it."""

import base64
import os
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from deployment import check, eventually

# A desktop window and a telephone, in CSS pixels.
SIZES = [(1280, 900), (390, 844)]

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
]


class Chromium:
    """A browser with a profile of its own. `axe` is the text of axe-core, put into pages that may run scripts."""

    # By all browsers together.
    looked_at = 0

    def __init__(self, name, pictures, *, language="en", scripts=True, axe=None):
        self.name, self._pictures, self._axe, self._scripts = name, pictures, axe if scripts else None, scripts
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in [*ARGUMENTS, f"--user-data-dir={self._profile}", f"--accept-lang={language}"]:
            options.add_argument(argument)
        preferences = {"intl.accept_languages": language, "credentials_enable_service": False}
        if not scripts:
            preferences["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", preferences)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        self._size(SIZES[0])
        self._colours("light")
        self.open("data:text/html,<title>off</title><script>document.title = 'on'</script>")
        check(self.driver.title == ("on" if scripts else "off"), f"scripts: {self.driver.title}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind:
                print(f"{self.name} ended at {self.driver.current_url}\n{self.driver.page_source}")
                self._picture("failed")
        finally:
            self.driver.quit()
            shutil.rmtree(self._profile, ignore_errors=True)

    # What people do.

    def open(self, url):
        self.driver.get(url)

    def type(self, **entries):
        """Types into fields, by name, as `password_new="…"`, in place of what stands there."""
        for name, text in entries.items():
            field = self.one(f"[name='{name.replace('_', '-')}']:not([readonly])")
            field.clear()
            field.send_keys(text)

    def press(self, text, within="main"):
        """Presses the first button or link that says so."""
        found = self.driver.find_elements(By.CSS_SELECTOR, f"{within} button, {within} a")
        # What only those hear who do not see the page stands on a line of its own.
        named = [element for element in found if element.text.split("\n")[0] == text]
        check(named, f"{text}: only {[element.text for element in found]} at {self.driver.current_url}")
        self.leave(named[0].click)

    def enter(self):
        """Sends the form with the key, from the field that has the focus."""
        field = self.driver.switch_to.active_element
        self.leave(lambda: field.send_keys(Keys.ENTER))

    def leave(self, act):
        """Does what leads to another page, and waits for that one."""
        self.driver.execute_script("document.beforeLeaving = true")
        act()
        arrived = "return !document.beforeLeaving && document.readyState === 'complete'"
        WebDriverWait(self.driver, 20, poll_frequency=0.02).until(lambda driver: driver.execute_script(arrived))

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return [element.text for element in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    def text(self, selector):
        return self.one(selector).text

    # What is measured.

    def expect(self, heading, language="en"):
        check(self.text("h1") == heading, f"{heading} is expected, not {self.text('h1')}: {self.text('main')}")
        check(self.one("html").get_attribute("lang") == language, self.driver.page_source)

    def expect_focus(self, name):
        """One can type at once. The browser puts the cursor there when it first shows the page."""
        focused = lambda: self.driver.switch_to.active_element.get_attribute("name") == name
        eventually(focused, f"{self.name}: {name} has not got the cursor: {self.driver.switch_to.active_element.tag_name}", 5)

    def look(self, name, *, failed=False):
        """Measures the page at all sizes and takes pictures of it. `failed`: it is answered with an error, which the console then tells."""
        Chromium.looked_at += 1
        complaints = [entry for entry in self.driver.get_log("browser") if not (failed and "Failed to load" in entry["message"])]
        check(not complaints, f"{name}: the console says {complaints}")
        for element in self.driver.find_elements(By.CSS_SELECTOR, "input:not([type=hidden]), textarea, button, a"):
            check(element.accessible_name.strip(), f"{name}: no name for {element.get_attribute('outerHTML')}")
        for size in SIZES:
            self._size(size)
            where = f"{self.name}/{name} at {size[0]}"
            found = self.driver.execute_script(MEASURE)
            check(found["styled"], f"{where}: there is no stylesheet")
            check(found["width"] <= found["window"], f"{where}: scrolls sideways, {found}")
            check(not found["outside"], f"{where}: text outside of its box: {found['outside']}")
            check(not found["small"], f"{where}: too small to be hit: {found['small']}")
            check(not found["covered"], f"{where}: lie on one another: {found['covered']}")
            self._picture(f"{name}-{size[0]}")
        self._tab_through(name)
        self._size(SIZES[0])
        if self._axe:
            self.driver.execute_script(self._axe)
            self._consult_axe(name)
            self._colours("dark")
            self._picture(f"{name}-dark")
            self._consult_axe(f"{name}, dark", "color-contrast")
            self._colours("light")

    def _size(self, size):
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def _colours(self, scheme):
        # Nothing is measured or pictured half-way from one colour to another.
        wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def _picture(self, name):
        folder = os.path.join(self._pictures, self.name)
        os.makedirs(folder, exist_ok=True)
        taken = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        with open(os.path.join(folder, f"{name}.png"), "wb") as file:
            file.write(base64.b64decode(taken["data"]))

    def _tab_through(self, name):
        """Everything that can be used is reached with the tabulator, and is seen to be."""
        reachable = self.driver.execute_script(REACHABLE)
        self.driver.execute_script("document.activeElement.blur(); getSelection().removeAllRanges()")
        reached = set()
        for _ in range(2 * len(reachable) + 2):
            ActionChains(self.driver).send_keys(Keys.TAB).perform()
            mark, seen, markup = self.driver.execute_script(FOCUSED)
            if mark is not None:
                check(seen, f"{self.name}/{name}: the focus is not seen on {markup}")
                reached.add(mark)
            if len(reached) == len(reachable):
                return
        missing = [markup for mark, markup in enumerate(reachable) if mark not in reached]
        check(False, f"{self.name}/{name}: the tabulator does not reach {missing}")

    def _consult_axe(self, name, *rules):
        found = self.driver.execute_async_script(
            """
            const [rules, done] = arguments;
            const settings = {resultTypes: ['violations'], ...(rules.length ? {runOnly: rules} : {})};
            axe.run(document, settings).then(done, (error) => done({error: `${error}`}));
            """,
            rules,
        )
        check("error" not in found, f"{name}: {found}")
        for violation in found["violations"]:
            where = [node["html"] for node in violation["nodes"]]
            message = f"{self.name}/{name}: axe: {violation['impact']}: {violation['help']}: {where}"
            check(violation["impact"] not in ["serious", "critical"], message)
            print(message)


MEASURE = """
const outside = [], small = [], covered = [];
const shown = (element) => element.checkVisibility() && !element.closest('.unseen');
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode, parent = node.parentElement;
  if (!node.data.trim() || !shown(parent)) continue;
  let box = parent;
  while (getComputedStyle(box).display === 'inline') box = box.parentElement;
  const bounds = box.getBoundingClientRect(), range = document.createRange();
  range.selectNodeContents(node);
  for (const line of range.getClientRects()) {
    const within = line.left >= bounds.left - 1 && line.right <= bounds.right + 1 && line.left >= 0 && line.right <= innerWidth;
    if (!within) outside.push(node.data);
  }
}
const usable = [...document.querySelectorAll('a, button, input:not([type=hidden]), textarea')].filter(shown);
const boxes = usable.map((element) => [element, element.getBoundingClientRect()]);
for (const [element, box] of boxes) {
  if (box.width < 24 || box.height < 24) small.push(element.outerHTML);
  const cut = element.scrollWidth > element.clientWidth + 1 && element.tagName !== 'INPUT' && element.clientWidth > 0;
  if (cut) outside.push(element.outerHTML);
}
for (const [one, a] of boxes) for (const [other, b] of boxes) {
  if (one === other || one.contains(other) || other.contains(one)) continue;
  const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  if (!apart) covered.push([one.outerHTML, other.outerHTML]);
}
const styled = [...document.styleSheets].some((sheet) => sheet.cssRules.length > 10);
return {width: document.documentElement.scrollWidth, window: innerWidth, outside, small, covered, styled};
"""

# Marks everything that the tabulator should reach, and answers its markup.
REACHABLE = """
const reachable = document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea, [tabindex="0"]');
return [...reachable].map((element, index) => { element.focusMark = index; return element.outerHTML; });
"""

FOCUSED = """
const element = document.activeElement, style = getComputedStyle(element);
const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
return [element.focusMark ?? null, seen, element.outerHTML];
"""
