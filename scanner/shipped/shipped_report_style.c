#include "scanner/shipped/shipped_report_style.h"

#include "scanner/shipped/embedded.h"

struct span shipped_report_style(void)
{
    return (struct span){embedded_report_style, embedded_report_style_len};
}
