#pragma once

/**
 * What the process tells its caller (design section 4). A server that cannot be reached never changes it, and
 * findings only with --fail-on: 0 means that the run worked and every input line is accounted for.
 */
enum exit_code {
    EXIT_CODE_COMPLETE = 0,
    EXIT_CODE_FATAL = 1,     /* the scan could not start or go on; no resolver answers */
    EXIT_CODE_USAGE = 2,     /* a bad option, or something that the user named and we cannot use */
    EXIT_CODE_ROWS_LOST = 3, /* finished, but rows or text were lost or could not be written */
    EXIT_CODE_SAYS_NOTHING =
        4, /* our own network: nothing is said of the targets, or of those with reason local_fault */
    EXIT_CODE_FINDINGS = 10, /* complete, and a finding is as severe as --fail-on says */
    EXIT_CODE_SIGINT = 130,  /* interrupted; whole rows, the rest stays unfinished */
    EXIT_CODE_SIGPIPE = 141, /* whoever reads standard output wants no more */
    EXIT_CODE_SIGTERM = 143,
};
