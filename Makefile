# Everything runs in the project's own environment (.venv); nothing is installed outside this folder but by `make system`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE := 1

# In CI, on machines that others share, a test that fails has one more try; both are reported. Nowhere else.
RERUNS := $(if $(CI),--reruns 1 -rR)

BALANCER ?= envoy
DRILLED  := evidence/drill-$(shell date -u +%Y-%m-%dT%H%M%SZ)
DRILL     = $(BIN)/pytest -q --oip-model pair --oip-policy harness/cluster/drills.toml --oip-allow faults -k failover-drills

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types quick servers sample drill validate system yardsticks new-check requirements lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: pyproject.toml requirements.lock .ci/environment.py
	$(PYTHON) .ci/environment.py $(VENV)

demo: $(VENV)/.ready ## probe the embedded server and leave a report
	$(BIN)/art15 demo

test: check sample servers ## everything: lint, types, tests, seeded faults, a real server

check: lint types quick ## what every commit passes

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready
	$(BIN)/mypy

quick: $(VENV)/.ready
	$(BIN)/pytest tests -q -n 2 $(RERUNS) -m "not servers and not slow"

sample: $(VENV)/.ready ## slow tests, a twelfth of the hostile endpoints, then both directions: each seeded fault against its own clause group, a rotating sample of benign variants
	$(BIN)/pytest tests -q -n 4 --dist loadscope --durations 25 --battery 16 $(RERUNS) -m "slow and not servers and not hostile"
	$(BIN)/pytest tests/hostile -q -n 4 --battery 12 $(RERUNS)
	$(BIN)/art15 validate --group --sample 2 --jobs 5 --minutes 5 --out $(VENV)/validation-sample.json

drill: $(VENV)/.ready ## a control and five faults on three servers behind BALANCER=envoy (or haproxy), that loses nothing and that does: what became of every request
	$(DRILL) --endpoint embedded-cluster:$(BALANCER)-good --oip-evidence $(DRILLED)/good; code=$$?; \
	  $(BIN)/art15 drills $(DRILLED)/good && exit $$code
	$(DRILL) --endpoint embedded-cluster:$(BALANCER)-loses --oip-evidence $(DRILLED)/loses; code=$$?; \
	  $(BIN)/art15 drills $(DRILLED)/loses && test $$code -eq 1

servers: $(VENV)/.ready ## real inference servers, installed into .servers/, probed end to end
	$(BIN)/pytest tests/servers -q $(RERUNS) -m "servers and not slow"

validate: $(VENV)/.ready ## the full matrix: faults, variants, ten seeds for what is drawn for, endpoints lost at thirty moments, drills five times, disks full, clocks that jump, all hostile ones, secrets in all spellings, real servers probed otherwise; resumes; commit the result
	$(BIN)/art15 validate --group --seeds 10 --jobs 5 --resume --out suites/validation.json
	ART15_HOSTILE_SECONDS=20 $(BIN)/pytest tests/hostile -q -n 4
	ART15_DRILLS=5 $(BIN)/pytest tests/endtoend/test_cluster_drills.py -q
	$(BIN)/pytest tests/endtoend/test_lost.py tests/endtoend/test_machine.py tests/endtoend/test_one_finding.py tests/endtoend/test_demo.py -q -n 2
	ART15_MUTATIONS=10000 $(BIN)/pytest tests/reports/test_mutations.py tests/reports/test_hostile_bundles.py tests/secrets -q -n 2
	-$(BIN)/uv pip install -q --python $(BIN)/python atheris
	for each in "strict JSON" "binary reply" "binary tensor" protobuf "protobuf metadata" gzip events "words of an answer" \
	  "exchange record" manifest journal policy baseline "requirement set"; do $(BIN)/python -m tests.harness.fuzz "$$each" -max_total_time=60 || exit 1; done
	$(BIN)/pytest tests/servers -q -m "servers and slow"

new-check: $(VENV)/.ready ## skeletons: SLUG=rest-... CLAUSE=REST-HEALTH-08 [GROUP=conformance/rest/health] [VARIANT=name]
	$(BIN)/python -m tests.new_check $(SLUG) $(CLAUSE) $(if $(GROUP),--group $(GROUP)) $(if $(VARIANT),--variant $(VARIANT))
	$(BIN)/ruff check -q --fix suites harness/reference && $(BIN)/ruff format -q suites harness/reference

requirements: $(VENV)/.ready ## the newest requirement set, written anew: after a check, a clause or a criterion was added
	$(BIN)/art15 requirements --write requirements

system: ## Debian packages for the browser tests, hosts made of namespaces, balancers, a database and real servers; needs root, and leaves no service running
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium curl faketime gcc git haproxy iproute2 libc6-dev nginx-light postgresql \
	  $$(apt-cache search --names-only '^libpython3\.[0-9]+$$' | cut -d' ' -f1)
	-systemctl disable --now haproxy nginx postgresql

yardsticks: ## Debian packages that benchmarks/load.py measures with; needs root, and leaves no service running
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light wrk nghttp2-client
	-systemctl disable --now nginx

lock: $(VENV)/.ready ## resolve the versions anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra all --group dev pyproject.toml -o requirements.lock

clean: ## remove what was made here
	rm -rf $(VENV) .tools .servers .mypy_cache .ruff_cache .hypothesis
