#pragma once

#include "scanner/cli/exit_code.h"
#include "scanner/cli/messages.h"
#include "scanner/cli/options.h"
#include "scanner/cli/progress_output.h"

/**
 * A scan as its user sees it: what could go wrong on this machine is told before the first
 * question, then progress, messages, and the exit code.
 */

struct console {
    const struct options *options;
    struct messages messages;
    struct progress_output progress;
    struct remembering *memory;        /* of --memory; NULL: none */
    struct blocklist *blocklist;       /* read, but not yet the scan's; NULL: none */
    struct buf summary;                /* in plain text; empty when the scan did not begin */
    uint64_t findings[SEVERITY_COUNT]; /* raised in the scan, by severity */
    uint64_t
        findings_no_mail[SEVERITY_COUNT]; /* of these, of domains that are set up for no mail */
    uint64_t effects[EFFECT_COUNT];       /* domains, by the worst effect of their problems */
    struct vantage_verdict vantage;       /* of the self-test */
};

void console_init(struct console *c);
/** Runs the scan of `o->params`, whose gaps are filled first. @return with one line in `why` when
 * it could not begin; what goes wrong later is said as it happens. */
enum exit_code console_run_scan(struct console *c, struct options *o, struct buf *why);
void console_deinit(struct console *c);
