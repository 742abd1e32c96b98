# SPDX-License-Identifier: Apache-2.0
"""docs/examples/web in a browser: run through tests/browser/run. The last line is "N passed, N failed"."""
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs/examples"
WORK = pathlib.Path(os.environ["WORK"])
# No sandbox of its own: these tests run as root. The rest keeps it from asking the network.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1000,900"]
SECONDS = 60


def has_controllers():
    mount = pathlib.Path(os.environ["CGROUP_MOUNT"])
    return "memory" in (mount / "cgroup.controllers").read_text().split()


def programs():
    """Command lines of what runs in containers."""
    lines = []
    for place in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(place.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            pass
    return [line for line in lines if line.startswith("python3 -I -X utf8 /tmp/main.py")]


def eventually(fact):
    until = time.monotonic() + SECONDS
    while not fact():
        if time.monotonic() > until:
            raise AssertionError("waited in vain")
        time.sleep(0.1)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([EXAMPLES / "python-root", WORK / "python-root"], check=True)
        wrapper = WORK / "path/mayfly"
        wrapper.parent.mkdir()
        wrapper.write_text(f'#!/bin/sh\nexec "{os.environ["MAYFLY"]}" --root "{WORK}/state" "$@"\n')
        wrapper.chmod(0o755)
        weaker = [] if has_controllers() else ["--best-effort"]
        path = {**os.environ, "PATH": f"{wrapper.parent}:{os.environ['PATH']}"}
        cls.service = subprocess.Popen([EXAMPLES / "web/serve", *weaker, "--rootfs", WORK / "python-root", "--port", "0",
                                        "--rate", "1000"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       text=True, env=path)
        cls.url = cls.service.stdout.readline().strip()
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in [*FLAGS, f"--user-data-dir={WORK}/chromium"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        cls.browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.service.terminate()
        assert cls.service.wait(30) == 0, "the service did not end well"

    def setUp(self):
        self.browser.get(self.url)
        self.browser.get_log("browser")

    def at(self, name):
        return self.browser.find_element(By.ID, name)

    def text(self, name):
        return self.browser.execute_script("return document.getElementById(arguments[0]).textContent", name)

    def type(self, code):
        """Into the field as a hand would paste it."""
        self.browser.execute_script("document.getElementById('code').value = arguments[0]", code)

    def run_code(self, code):
        self.type(code)
        self.at("run").click()
        return self.verdict()

    def verdict(self):
        WebDriverWait(self.browser, SECONDS).until(lambda _: self.text("verdict"))
        return self.text("verdict")

    def test_what_stands_there_runs_at_a_click(self):
        self.at("run").click()
        self.assertRegex(self.verdict(), r"^ok: .* \([0-9.]+ s\)$")
        self.assertEqual(self.text("stdout"), "42\n")
        self.assertEqual(self.at("stdout").text, "42")
        self.assertEqual(self.at("weaker").is_displayed(), not has_controllers())
        # Nothing of the page itself is refused by its own policy.
        self.assertEqual(self.browser.get_log("browser"), [])

    def test_typed_code_runs_at_control_enter(self):
        field = self.at("code")
        field.clear()
        field.send_keys("import sys\nprint('left', file=sys.stderr); sys.exit(3)")
        field.send_keys(webdriver.Keys.CONTROL, webdriver.Keys.ENTER)
        self.assertRegex(self.verdict(), "^exit: the program ended with status 3")
        self.assertEqual(self.text("stderr").splitlines()[-1], "left")

    def test_html_in_output_is_text(self):
        html = "<img src=x onerror='window.taken = 1'><script>window.taken = 1</script></pre><b id=bold>b</b>&amp;"
        self.run_code(f"import sys; print({html!r}); print({html!r}, file=sys.stderr)")
        self.assertEqual(self.text("stdout"), html + "\n")
        self.assertIn(html, self.text("stderr"))
        found = self.browser.execute_script("return [window.taken, document.images.length, document.scripts.length, "
                                            "document.getElementById('bold')]")
        self.assertEqual(found, [None, 0, 1, None])

    def test_escape_sequences_are_taken_out(self):
        self.run_code(r"print('\x1b[31mred\x1b[0m \x1b]0;title\x07end \x1b]52;c;aGk=\x1b\\.')")
        self.assertEqual(self.text("stdout"), "red end .\n")

    def test_html_that_got_into_the_page_would_not_run(self):
        refused = self.browser.execute_async_script("""
            const refused = [], done = arguments[0];
            const attempt = (name, action) => { try { action(); } catch (error) { refused.push(name); } };
            document.addEventListener("securitypolicyviolation", (event) => {
                if (event.violatedDirective === "img-src")
                    done([...refused, "img-src"]);
            });
            const image = document.createElement("img");
            attempt("onerror", () => image.setAttribute("onerror", "window.taken = 1"));
            attempt("innerHTML", () => { document.body.innerHTML += "<b>x</b>"; });
            image.src = "/page.js";
            document.body.append(image);
        """)
        self.assertEqual(refused, ["onerror", "innerHTML", "img-src"])
        self.assertIsNone(self.browser.execute_script("return window.taken ?? null"))

    def test_a_program_that_never_ends_is_stopped(self):
        self.assertRegex(self.run_code("while True: pass"), "^timeout: wall time limit of 3 s")

    def test_a_flood_is_cut(self):
        self.assertRegex(self.run_code("while True: print('x' * 99)"), "^output-limit: ")
        self.assertEqual(len(self.text("stdout")), 100000)

    def test_cancel_ends_the_run(self):
        self.type("import time; time.sleep(60)")
        self.at("run").click()
        eventually(programs)
        self.at("cancel").click()
        self.assertEqual(self.verdict(), "cancelled")
        eventually(lambda: not programs())
        self.assertTrue(self.at("run").is_enabled())

    def test_too_much_code_is_refused_with_a_sentence(self):
        self.assertEqual(self.run_code("#" * 65537), "code may have 65536 bytes")


def main():
    result = unittest.TextTestRunner(sys.stdout, verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(Page))
    failed = len(result.failures) + len(result.errors) + len(result.skipped)
    shutil.rmtree(WORK / "chromium", ignore_errors=True)
    print(f"{max(0, result.testsRun - failed)} passed, {failed} failed")
    return 0 if failed == 0 and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
