# Tests of rtl/core and rtl/shell.
set(rtl_dir ${CMAKE_CURRENT_SOURCE_DIR})
file(GLOB plut_core_sources CONFIGURE_DEPENDS ${rtl_dir}/core/plut_*.sv)
list(REMOVE_ITEM plut_core_sources ${rtl_dir}/core/plut_pkg.sv)
list(PREPEND plut_core_sources ${rtl_dir}/core/plut_pkg.sv ${rtl_dir}/shell/plut_fifo.sv)

file(GLOB plut_shell_sources CONFIGURE_DEPENDS ${rtl_dir}/shell/plut_*.sv)
list(REMOVE_ITEM plut_shell_sources ${rtl_dir}/shell/plut_fifo.sv)
file(GLOB plut_pe_sources CONFIGURE_DEPENDS ${rtl_dir}/pe/*.sv ${rtl_dir}/prim/*.sv)
list(REMOVE_ITEM plut_pe_sources ${rtl_dir}/pe/pe_pkg.sv)
list(PREPEND plut_pe_sources ${rtl_dir}/pe/pe_pkg.sv)
list(APPEND plut_pe_sources ${rtl_dir}/core/array_pe.sv)

# potlut_core_test(NAME lanes pair model harness): the core of `lanes` lanes, or all with its bus, with the behavioural
# array or that of rtl/pe, and the tests that run on it.
function(potlut_core_test name lanes pair model harness)
  add_executable(${name} ${rtl_dir}/test/core_test.cc ${rtl_dir}/test/core_vector_test.cc ${rtl_dir}/test/core_fault_test.cc
    ${rtl_dir}/test/core_layer.cc)
  target_link_libraries(${name} PRIVATE potlut_program GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${rtl_dir}/test)
  if(harness STREQUAL "TopHarness")
    set(sources ${plut_core_sources} ${plut_shell_sources})
    set(top plut_top)
    set(header top_harness.h)
  else()
    set(sources ${plut_core_sources})
    set(top plut_core)
    set(header core_harness.h)
  endif()
  if(NOT model)
    list(PREPEND sources ${plut_pe_sources})
  endif()
  target_compile_definitions(${name} PRIVATE CORE_LANES=${lanes} CORE_PAIR=${pair} CORE_HEADER="V${name}.h"
    CORE_TOP=V${name} CORE_HARNESS=${harness} CORE_HARNESS_HEADER="${header}")
  verilate(${name} SOURCES ${sources} TOP_MODULE ${top} PREFIX V${name}
    VERILATOR_ARGS -Wall -O3 --x-assign fast -GLANES=${lanes} -GGROUP=4 -GDRAIN=4 -GPAIR=${pair} -GMODEL=${model} -GA_WORDS=8192
      -GW_WORDS=65536 -GSUM_WORDS=512
    OPT_FAST -O2)
  gtest_discover_tests(${name} TEST_PREFIX "rtl.${name}." DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
endfunction()
potlut_core_test(rtl_core_pair 16 1 1 CoreHarness)
potlut_core_test(rtl_top_single 8 0 0 TopHarness)
potlut_core_test(rtl_top_pair 8 1 0 TopHarness)
