#include "scanner/base/check.h"
#include "scanner/smtp/dialog.h"

const char *dialog_state_name(enum dialog_state s)
{
    switch (s) {
#define X(name)         \
    case DIALOG_##name: \
        return #name;
        DIALOG_STATES(X)
#undef X
    }
    UNREACHABLE("unknown dialog_state");
}
