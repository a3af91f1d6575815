# Tests of rtl/pe and rtl/prim: every variant in every width, as RTL and as Yosys' netlist.
set(pe_sources ${CMAKE_CURRENT_SOURCE_DIR}/pe/pe_pkg.sv)
foreach(file prim/badd prim/delay prim/sadd prim/stadd prim/table_ram prim/table_ram_sp
    prim/tadd pe/dot_binary pe/dot_signed pe/dot_tree pe/fill_ctl pe/fill_ctl_pair pe/fill_gen pe/fill_gen_pair
    pe/lane_half pe/lane_mult pe/lane_pair pe/lane_plut pe/lane_shift pe/lane_shift_fused pe/pe_array)
  list(APPEND pe_sources ${CMAKE_CURRENT_SOURCE_DIR}/${file}.sv)
endforeach()

# potlut_pe_test(NAME kind bits-of-weights bits-of-activations bits-of-entries banks)
function(potlut_pe_test name kind wb ab tb banks)
  set(target rtl_pe_${name})
  add_executable(${target} ${CMAKE_CURRENT_SOURCE_DIR}/test/pe_test.cc)
  target_link_libraries(${target} PRIVATE potlut_options GTest::gtest_main)
  target_compile_definitions(${target} PRIVATE PE_KIND=${kind} PE_WB=${wb} PE_AB=${ab} PE_TB=${tb} PE_BANKS=${banks}
    PE_HEADER="V${target}.h" PE_TOP=V${target})
  # Names of generated scopes are long; constants of pe_pkg are not all used by every variant.
  potlut_verilate(${target} SOURCES ${pe_sources} TOP_MODULE pe_array PREFIX V${target}
    VERILATOR_ARGS -Wall -Wno-UNUSEDPARAM -O3 --x-assign fast -GLANES=4 -GGROUP=2 -GKIND=${kind} -GWB=${wb} -GAB=${ab}
      -GTB=${tb} -GBANKS=${banks}
    OPT_FAST -O2)
  gtest_discover_tests(${target} TEST_PREFIX "rtl.pe.${name}." DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
endfunction()
#              name             kind wb ab tb banks
potlut_pe_test(plut_w4a8           0  4  8 14     2)
potlut_pe_test(plut_w3a4           0  3  4  8     2)
potlut_pe_test(pair_w3a8           1  3  8 12     1)
potlut_pe_test(pair_fitted_w3a8    1  3  8 14     1)
potlut_pe_test(pair_banks_w3a4     1  3  4 10     2)
potlut_pe_test(half_w3a8           6  3  8 14     1)
potlut_pe_test(half_banks_w3a8     6  3  8 14     2)
potlut_pe_test(half_w3a4           6  3  4  8     1)
potlut_pe_test(textbook_w4a8       2  4  8 14     1)
potlut_pe_test(ternary_w3a8        3  3  8 14     1)
potlut_pe_test(fused_w4a8          4  4  8 14     1)
potlut_pe_test(fused_w3a4          4  3  4 14     1)
potlut_pe_test(mult_w4a8           5  4  8 14     1)
potlut_pe_test(mult_w8a8           5  8  8 14     1)

find_program(POTLUT_YOSYS yosys)
if(POTLUT_YOSYS)
  add_test(NAME rtl.pe.adders_proved COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/formal/prove-adders.sh)
  set_tests_properties(rtl.pe.adders_proved PROPERTIES TIMEOUT 600)
  add_test(NAME rtl.streams_proved COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/formal/prove-streams.sh)
  set_tests_properties(rtl.streams_proved PROPERTIES TIMEOUT 1200 SKIP_REGULAR_EXPRESSION "SKIPPED")
  # Yosys' netlist of each kind of array, simulated by Verilator with Yosys' models of the cells, passes the same test.
  foreach(netlist
      "plut 0 4 8 14 2" "pair 1 3 8 14 1" "pair_banks 1 3 4 10 2" "half 6 3 8 14 1" "half_banks 6 3 8 14 2"
      "textbook 2 4 8 14 1" "ternary 3 3 8 14 1"
      "fused 4 4 8 14 1" "mult 5 4 4 14 1")
    separate_arguments(words UNIX_COMMAND "${netlist}")
    list(GET words 0 name)
    list(REMOVE_AT words 0)
    add_test(NAME rtl.pe.netlist_${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test/pe_netlist.sh
      ${CMAKE_CURRENT_BINARY_DIR}/netlist_${name} ${words})
    set_tests_properties(rtl.pe.netlist_${name} PROPERTIES TIMEOUT 600)
  endforeach()
else()
  add_test(NAME rtl.pe.needs_yosys
    COMMAND ${CMAKE_COMMAND} -E echo "SKIPPED: Yosys is not installed, netlists are not tested")
  set_tests_properties(rtl.pe.needs_yosys PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED")
endif()
