"""A Kubernetes API for a witness: one of its own from `primehub up --kube-only`, or that of a kubeconfig."""

import argparse
import os
import signal
import subprocess
import tempfile

from deployment import check


def arguments(usage, *names):
    """Reads a witness's command line: the cluster, and what else it needs, in this order."""
    parser = argparse.ArgumentParser(description=usage)
    parser.add_argument("--kubeconfig", help="another cluster than the one that is started for this")
    for name in names:
        parser.add_argument(name)
    given = parser.parse_args()
    return [given.kubeconfig, *(getattr(given, name) for name in names)]


class Cluster:
    """Runs while its `with` block does; a server that does not end in order afterwards, or has logged its token, fails the witness."""

    def __init__(self, server, kubeconfig=None):
        self._server, self.kubeconfig, self.own = server, kubeconfig, kubeconfig is None
        self.name = "the API in memory" if self.own else kubeconfig

    def __enter__(self):
        self._place = tempfile.TemporaryDirectory()
        self.folder = self._place.name
        if self.own:
            self.kubeconfig = os.path.join(self.folder, "config", "kubeconfig")
            command = [self._server, "up", "--kube-only", "--config-dir", os.path.dirname(self.kubeconfig)]
            self._log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
            try:
                # The file is there before anything is said.
                first = self._process.stdout.readline()
                check("Kubernetes API" in first, f"the server does not say what it is: {first!r}\n{self._logged()}")
                check(os.stat(self.kubeconfig).st_mode & 0o777 == 0o600, "the kubeconfig is for its owner alone")
            except BaseException:
                self._stop()
                raise
        return self

    def __exit__(self, kind, *_):
        try:
            if self.own:
                code, logged = self._stop(), self._logged()
                self._log.close()
                if kind:
                    print(logged)
                    return
                check(code == 0, f"the server ends in order: {code}\n{logged}")
                with open(self.kubeconfig, encoding="utf-8") as file:
                    token = file.read().split('"token":')[1].split('"')[1]
                check(token not in logged, "the token was logged")
        finally:
            self._place.cleanup()

    def definitions(self):
        """The file with PrimeHub's resources, which a cluster of somebody else's may not have."""
        printed = subprocess.run([self._server, "crds"], capture_output=True, text=True, check=True).stdout
        path = os.path.join(self.folder, "crds.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(printed)
        return path

    def _stop(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def _logged(self):
        self._log.flush()
        with open(self._log.name, encoding="utf-8") as file:
            return file.read()
