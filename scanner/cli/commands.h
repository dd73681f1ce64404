#pragma once

#include "scanner/cli/exit_code.h"
#include "scanner/cli/options.h"
#include "scanner/replay/analyze.h"

/**
 * The commands, each from its options to its exit code. `why` gets one line, without a line end,
 * when the command could not begin.
 */
enum exit_code scan_command(struct options *o, struct buf *why);
enum exit_code check_command(struct options *o, struct buf *why);
enum exit_code show_command(struct options *o, struct buf *why);
enum exit_code analyze_command(struct options *o, struct buf *why);
enum exit_code merge_command(struct options *o, struct buf *why);
enum exit_code feed_command(struct options *o, struct buf *why);
enum exit_code work_command(struct options *o, struct buf *why);
enum exit_code collect_command(struct options *o, struct buf *why);
enum exit_code report_command(struct options *o, struct buf *why);
enum exit_code diff_command(struct options *o, struct buf *why);
enum exit_code explain_command(struct options *o, struct buf *why);
enum exit_code schema_command(struct options *o, struct buf *why);
enum exit_code probing_txt_command(struct options *o, struct buf *why);

/** Also of merge, which ends as analyze does. */
enum exit_code analyze_exit_code(enum analyze_end end);

/** Where judged rows go, in which form, and as of when; the rows and all other terms are theirs. `told` is used unless --quiet. */
struct analyze_params analyze_params_of(const struct options *o, struct buf *told);

/** Standard output takes all of `text`, or the exit code is that of a failure. */
enum exit_code print_text(const struct buf *text, struct buf *why);
/** What it means that standard output takes no more, with this errno; nothing is said of a reader that has enough. */
enum exit_code standard_output_failed(int error, struct buf *why);
