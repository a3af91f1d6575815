# Tests of rtl/pe and rtl/prim: every variant in every width, as RTL and as Yosys' netlist.
set(pe_sources ${CMAKE_CURRENT_SOURCE_DIR}/pe/pe_pkg.sv)
foreach(file prim/badd prim/delay prim/table_ram prim/table_ram_sp prim/tadd pe/dot_binary pe/dot_tree pe/fill_ctl
    pe/fill_ctl_pair pe/fill_gen pe/fill_gen_pair pe/lane_mult pe/lane_pair pe/lane_plut pe/lane_shift
    pe/lane_shift_fused pe/pe_array)
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
  verilate(${target} SOURCES ${pe_sources} TOP_MODULE pe_array PREFIX V${target}
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
potlut_pe_test(textbook_w4a8       2  4  8 14     1)
potlut_pe_test(ternary_w3a8        3  3  8 14     1)
potlut_pe_test(fused_w4a8          4  4  8 14     1)
potlut_pe_test(fused_w3a4          4  3  4 14     1)
potlut_pe_test(mult_w4a8           5  4  8 14     1)
potlut_pe_test(mult_w8a8           5  8  8 14     1)
