# Tests of the built programs, in Python: labels e2e, interop and tsan. Each script gets the two
# programs in its environment, uses only loopback, and prints what differed.
find_package(Python3 COMPONENTS Interpreter)
if(NOT TARGET mxcensus OR NOT TARGET mxlab OR NOT Python3_FOUND)
    return()
endif()

# add_script_test(NAME LABEL SCRIPT [ARGUMENT...]). TIMEOUT is for what hangs: none shows how fast something is.
function(add_script_test name label script)
    add_test(NAME ${label}.${name}
        COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/${script} ${ARGN})
    set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT 600
        FAIL_REGULAR_EXPRESSION "${SANITIZER_REPORT};WARNING: ThreadSanitizer"
        ENVIRONMENT "MXCENSUS=$<TARGET_FILE:mxcensus>;MXLAB=$<TARGET_FILE:mxlab>")
endfunction()

if(MXCENSUS_SANITIZE MATCHES thread)
    # Eight workers have two judges.
    add_script_test(scan tsan e2e/compare_with_lab.py --domains 200 --threads 8 --min-gap-ms 0 --dns-timeout 10)
    add_script_test(hostile tsan e2e/hostile.py --innocents 40)
    return()
endif()
add_script_test(usage e2e e2e/test_usage.py)
add_script_test(install e2e e2e/test_install.py ${PROJECT_BINARY_DIR})
add_script_test(completions long e2e/test_install.py ${PROJECT_BINARY_DIR} --shells)
set_tests_properties(long.completions PROPERTIES SKIP_RETURN_CODE 77)
add_script_test(nightly e2e e2e/test_nightly.py)
add_script_test(nightly_script e2e e2e/test_nightly_script.py)
add_script_test(nightly long e2e/nightly.py)
set_tests_properties(long.nightly PROPERTIES TIMEOUT 3000)
foreach(tool promtool logrotate)
    add_script_test(${tool} long e2e/test_tools.py --${tool})
    set_tests_properties(long.${tool} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
add_script_test(explain e2e e2e/test_explain.py)
add_script_test(streams e2e e2e/test_streams.py)
add_script_test(check e2e e2e/test_check.py)
add_script_test(second_pass e2e e2e/test_second_pass.py)
add_script_test(first_weather e2e e2e/test_first_weather.py)
# Label "long": named commands, not part of ./test.sh.
add_script_test(weather long e2e/test_weather.py)
add_script_test(weather_minute long e2e/test_weather.py --minute)
add_script_test(first_weather long e2e/test_first_weather.py --long)
set_tests_properties(long.weather long.weather_minute PROPERTIES SKIP_RETURN_CODE 77 RUN_SERIAL TRUE)
add_script_test(analyze e2e e2e/test_analyze.py)
add_script_test(schema e2e e2e/test_schema.py)
add_script_test(detail e2e e2e/test_detail.py)
add_script_test(warehouse long e2e/warehouse.py)
set_tests_properties(long.warehouse PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 3600)
add_script_test(show e2e e2e/test_show.py)
add_script_test(diff e2e e2e/test_diff.py)
add_script_test(vantage e2e e2e/test_vantage.py)
set_tests_properties(e2e.vantage PROPERTIES SKIP_RETURN_CODE 77)
add_script_test(politeness e2e e2e/test_politeness.py)
add_script_test(chances e2e e2e/test_chances.py)
add_script_test(memory e2e e2e/test_memory.py)
add_script_test(groups e2e e2e/groups.py --domains 300)
add_script_test(intermediates e2e e2e/test_intermediates.py)
add_executable(flood_server support/flood_server.c)
target_link_libraries(flood_server PRIVATE project_options OpenSSL::SSL)
add_library(stuck_library MODULE ${CMAKE_CURRENT_SOURCE_DIR}/support/stuck_library.c)
target_link_libraries(stuck_library PRIVATE ${CMAKE_DL_LIBS})
add_library(odd_machine MODULE ${CMAKE_CURRENT_SOURCE_DIR}/support/odd_machine.c)
target_link_libraries(odd_machine PRIVATE ${CMAKE_DL_LIBS})
add_library(connect_log MODULE ${CMAKE_CURRENT_SOURCE_DIR}/support/connect_log.c)
target_link_libraries(connect_log PRIVATE ${CMAKE_DL_LIBS})
add_script_test(surroundings e2e e2e/test_surroundings.py)
add_script_test(ends e2e e2e/test_ends.py)
add_script_test(floods e2e e2e/floods.py)
set(needs_floods e2e.ends e2e.floods)
# With a library of ours loaded first, which sanitizers want to be, so that ./test.sh has no build for it.
if(NOT MXCENSUS_SANITIZE)
    add_script_test(starts long e2e/starts.py)
    add_script_test(surroundings long e2e/test_surroundings.py)
    add_script_test(ends long e2e/test_ends.py)
    list(APPEND needs_floods long.ends)
    set_property(TEST long.starts APPEND PROPERTY ENVIRONMENT "CONNECT_LOG_FILE=$<TARGET_FILE:connect_log>")
    set_property(TEST long.ends APPEND PROPERTY ENVIRONMENT "STUCK_LIBRARY_FILE=$<TARGET_FILE:stuck_library>")
    set_property(TEST long.surroundings APPEND PROPERTY ENVIRONMENT "ODD_MACHINE_FILE=$<TARGET_FILE:odd_machine>")
endif()
set_property(TEST ${needs_floods} APPEND PROPERTY ENVIRONMENT "FLOOD_SERVER=$<TARGET_FILE:flood_server>")
add_script_test(hostile e2e e2e/hostile.py)
add_script_test(full_disk e2e e2e/test_full_disk.py)
add_script_test(resume e2e e2e/test_resume.py)
add_script_test(killed e2e e2e/killed.py --domains 60 --kills 3 --short --scans off/none/1,listed/zstd/4)
add_script_test(killed_often long e2e/killed.py --domains 900 --kills 40
    --scans off/gzip/4,listed/none/1,listed/none/4,listed/zstd/1,listed/zstd/4,all/gzip/4)
set_tests_properties(long.killed_often PROPERTIES TIMEOUT 7200)
add_script_test(aia e2e e2e/test_aia.py)
# Exim and OpenSMTPD are unpacked by test.sh, once for all builds. The library goes into
# another's program: it is built without our sanitizers.
add_library(openssl3_keys MODULE ${CMAKE_CURRENT_SOURCE_DIR}/support/openssl3_keys.c)
target_link_libraries(openssl3_keys PRIVATE ${CMAKE_DL_LIBS})
foreach(server postfix exim opensmtpd)
    add_script_test(${server} interop interop/${server}.py)
    set_tests_properties(interop.${server} PROPERTIES SKIP_RETURN_CODE 77)
    set_property(TEST interop.${server} APPEND PROPERTY ENVIRONMENT
        "MAIL_SERVERS=${PROJECT_SOURCE_DIR}/build/mail-servers"
        "OPENSSL3_KEYS=$<TARGET_FILE:openssl3_keys>")
endforeach()
foreach(servers dane policies)
    add_script_test(${servers} interop interop/${servers}.py)
    set_tests_properties(interop.${servers} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
# Senders against the lab: a part of it here, all of it by hand (README.md). Its own timeouts are real ones.
add_script_test(senders interop interop/senders/judge.py --domains 60 --every 8 --at-once 5
    --seed 7 --only postfix,postfix-fresh,exim,sendmail,opensmtpd)
set_tests_properties(interop.senders PROPERTIES SKIP_RETURN_CODE 77 COST 900)
set_property(TEST interop.senders APPEND PROPERTY ENVIRONMENT
    "MAIL_SERVERS=${PROJECT_SOURCE_DIR}/build/mail-servers")
add_executable(make_chains support/make_chains.c)
target_link_libraries(make_chains PRIVATE project_options trust)
add_script_test(openssl_verify interop interop/openssl_verify.py)
set_property(TEST interop.openssl_verify APPEND PROPERTY ENVIRONMENT
    "MAKE_CHAINS=$<TARGET_FILE:make_chains>")
set_tests_properties(interop.openssl_verify PROPERTIES SKIP_RETURN_CODE 77)
add_executable(read_sts support/read_sts.c)
target_link_libraries(read_sts PRIVATE project_options senders)
add_script_test(policy_readers interop interop/policy_readers.py)
set_property(TEST interop.policy_readers APPEND PROPERTY ENVIRONMENT
    "READ_STS=$<TARGET_FILE:read_sts>" "POLICY_READERS=${PROJECT_SOURCE_DIR}/build/policy-readers")
set_tests_properties(interop.policy_readers PROPERTIES SKIP_RETURN_CODE 77)
# With sanitizers, time between two connections is the machine's, not ours.
set(min_gap_ms 250)
set(lab_domains 1000)
if(MXCENSUS_SANITIZE)
    set(min_gap_ms 0)
    set(lab_domains 400)
endif()
add_script_test(lab e2e e2e/compare_with_lab.py --domains ${lab_domains} --min-gap-ms ${min_gap_ms})
math(EXPR tenth_of_gap_ms "${min_gap_ms} / 10")
add_script_test(ciphers e2e e2e/test_ciphers.py --min-gap-ms ${tenth_of_gap_ms})
add_script_test(findings e2e e2e/findings.py)
add_script_test(problems e2e e2e/problems.py)
add_script_test(problems_many long e2e/problems.py --domains 20000 --no-cases)
add_script_test(problems_threads long e2e/problems.py --domains 600 --more)
set_tests_properties(long.problems_many long.problems_threads PROPERTIES TIMEOUT 7200)
add_script_test(wrong_sni e2e e2e/test_wrong_sni.py)
add_script_test(operators e2e e2e/test_operators.py)
add_script_test(report e2e e2e/test_report.py)
add_script_test(report long e2e/test_report.py --domains 600 --every 1)
add_script_test(report_in_browser long e2e/report_in_browser.py)
add_script_test(report_latex long e2e/report_latex.py)
set_tests_properties(long.report_in_browser long.report_latex PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 3000)
# A part of the hand-made cases, and all of them.
add_script_test(threads e2e e2e/determinism.py --domains 120 --every 3)
add_script_test(threads long e2e/determinism.py --domains 400)
# The product with a mailbox that disturbs. A linker that sees through object files has nothing to wrap.
if(NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    add_executable(mxcensus_disturbed ${PROJECT_SOURCE_DIR}/scanner/main.c support/disturbing_mailbox.c)
    target_link_libraries(mxcensus_disturbed PRIVATE project_options cli)
    target_link_options(mxcensus_disturbed PRIVATE
        -Wl,--wrap=mailbox_take -Wl,--wrap=mailbox_take_own -Wl,--wrap=mailbox_wait
        -Wl,--wrap=admission_works_max)
    add_script_test(disturbed e2e e2e/determinism.py --domains 20 --every 3
        --disturbed $<TARGET_FILE:mxcensus_disturbed>)
    add_script_test(disturbed long e2e/determinism.py --domains 100
        --disturbed $<TARGET_FILE:mxcensus_disturbed>)
    set_tests_properties(e2e.disturbed PROPERTIES PROCESSORS 3 COST 2000)
    set_tests_properties(long.disturbed PROPERTIES RUN_SERIAL TRUE)
    add_script_test(spool long e2e/test_spool.py $<TARGET_FILE:mxcensus_disturbed>)
    # All that wait are parked.
    add_script_test(killed_parked long e2e/killed.py --domains 200 --kills 12 --short
        --scans off/none/4,listed/none/4,listed/zstd/4,all/gzip/1)
    set_tests_properties(long.killed_parked PROPERTIES
        ENVIRONMENT "MXCENSUS=$<TARGET_FILE:mxcensus_disturbed>;MXLAB=$<TARGET_FILE:mxlab>")
endif()
# Both ends of these work hard; beside many others they would meet their own timeouts.
set_tests_properties(e2e.threads e2e.floods e2e.hostile PROPERTIES PROCESSORS 3)
# Its servers have to answer as they are expected to: not beside one of those.
set_tests_properties(e2e.lab PROPERTIES PROCESSORS 4)
set_tests_properties(long.threads PROPERTIES RUN_SERIAL TRUE)
# What needs several places is begun first, or it would get them last; then what takes longest, so that it ends with the others.
set_tests_properties(e2e.lab e2e.threads e2e.floods e2e.hostile PROPERTIES COST 2000)
set_tests_properties(e2e.findings e2e.analyze PROPERTIES COST 1000)
set_tests_properties(e2e.detail e2e.groups e2e.intermediates e2e.ciphers e2e.diff e2e.report e2e.problems e2e.vantage
    interop.openssl_verify interop.policy_readers PROPERTIES COST 500)
