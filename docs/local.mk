# docs/: man pages made from Markdown, completions, examples for the callers.
man_pages = \
	docs/man/mayfly.1 \
	docs/man/mayfly-checkpoint.1 \
	docs/man/mayfly-create.1 \
	docs/man/mayfly-delete.1 \
	docs/man/mayfly-doctor.1 \
	docs/man/mayfly-events.1 \
	docs/man/mayfly-exec.1 \
	docs/man/mayfly-features.1 \
	docs/man/mayfly-kill.1 \
	docs/man/mayfly-list.1 \
	docs/man/mayfly-once.1 \
	docs/man/mayfly-pause.1 \
	docs/man/mayfly-plan.1 \
	docs/man/mayfly-ps.1 \
	docs/man/mayfly-result.1 \
	docs/man/mayfly-resume.1 \
	docs/man/mayfly-restore.1 \
	docs/man/mayfly-run.1 \
	docs/man/mayfly-spec.1 \
	docs/man/mayfly-start.1 \
	docs/man/mayfly-state.1 \
	docs/man/mayfly-update.1

# A tarball holds both forms. Awk is everywhere, so no tool has to be there to build a page.
dist_man1_MANS += $(man_pages)
EXTRA_DIST += $(man_pages:=.md) docs/man/to-man
MAINTAINERCLEANFILES = $(man_pages)

docs/man/%.1: docs/man/%.1.md docs/man/to-man
	$(AM_V_GEN)$(MKDIR_P) docs/man && \
	$(AWK) -f $(top_srcdir)/docs/man/to-man $< >$@.tmp && mv $@.tmp $@

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = completions/mayfly.bash
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = completions/_mayfly
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_fishcompletion_DATA = completions/mayfly.fish

dist_doc_DATA = README.md NEWS SECURITY.md docs/once.md
schemasdir = $(pkgdatadir)
dist_schemas_DATA = schemas/request.schema.json schemas/result.schema.json
examplesdir = $(docdir)/examples
dist_examples_DATA = docs/examples/containers.conf docs/examples/locked-down.json
# A hook that can be named in a configuration as it is.
hooksdir = $(pkgdatadir)/hooks
dist_hooks_SCRIPTS = docs/examples/validate/validate
# Programs to copy, not to install; their tests read them.
EXTRA_DIST += $(addprefix docs/examples/,README.md python-root) \
	$(addprefix docs/examples/plugins/,README.md plugins.toml run-plugins) \
	$(addprefix docs/examples/queue/,README.md queue) \
	$(addprefix docs/examples/validate/,README.md) \
	$(addprefix docs/examples/web/,README.md ask page.css page.html page.js serve) \
	$(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/docs/examples/*/samples/*))
kubernetesdir = $(docdir)/kubernetes
dist_kubernetes_DATA = $(addprefix docs/kubernetes/,README.md Containerfile containerd-1.toml containerd-1-runc.toml \
	containerd-2.toml containerd-2-runc.toml crio.conf \
	install installer.yaml pod.yaml runtimeclass.yaml)
EXTRA_DIST += CONTRIBUTING.md \
	$(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/docs/*.md $(srcdir)/docs/*.svg $(srcdir)/docs/decisions/*.md))
