#include <criterion/criterion.h>
#include <uv.h>

#include "scanner/probe/connect_outcome.h"

Test(connect_outcome, blames_nobody_for_what_is_ours)
{
    static const struct {
        int sys;
        bool has_route;
        enum session_outcome outcome;
    } cases[] = {
        {UV_ECONNREFUSED, true, OUTCOME_REFUSED},
        {UV_ECONNREFUSED, false,
         OUTCOME_REFUSED}, /* it answered, whatever became of the route since */
        {UV_ETIMEDOUT, true, OUTCOME_CONNECT_TIMEOUT},
        {UV_EHOSTUNREACH, true, OUTCOME_UNREACHABLE},
        {UV_EHOSTUNREACH, false, OUTCOME_LOCAL_FAULT},
        {UV_ENETUNREACH, true, OUTCOME_UNREACHABLE},
        {UV_ENETUNREACH, false, OUTCOME_LOCAL_FAULT},
        {UV_EACCES, true, OUTCOME_UNREACHABLE},
        {UV_EACCES, false, OUTCOME_LOCAL_FAULT},
        {UV_EPERM, true, OUTCOME_LOCAL_FAULT}, /* netfilter of this machine */
        {UV_EADDRNOTAVAIL, true, OUTCOME_LOCAL_FAULT},
        {UV_EMFILE, true, OUTCOME_LOCAL_FAULT},
        {UV_ENOBUFS, true, OUTCOME_LOCAL_FAULT},
        {UV_ENETDOWN, true, OUTCOME_LOCAL_FAULT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect_eq(connect_outcome(cases[i].sys, cases[i].has_route), cases[i].outcome, "%s%s",
                     uv_err_name(cases[i].sys), cases[i].has_route ? "" : " without a route");
    }
}
