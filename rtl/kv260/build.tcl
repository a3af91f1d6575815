# Vivado: the accelerator in a block design for the KV260 (Kria K26 SOM). NOT RUN: written without Vivado at hand, from
# its documentation; expect to correct it. It claims no clock rate: say which one to try.
#
#   vivado -mode batch -source rtl/kv260/build.tcl -tclargs OUT_DIR MHZ PAIR
#
# OUT_DIR gets the project, the bit stream and the reports; PAIR is 1 for pair tables, 0 for single ones.
set out [lindex $argv 0]
set mhz [lindex $argv 1]
set pair [lindex $argv 2]
set rtl [file normalize [file dirname [info script]]/..]

create_project plut $out/plut -part xck26-sfvc784-2LV-c -force
set_property board_part xilinx.com:kv260_som:part0:1.4 [current_project]
foreach folder {core shell pe prim} {
  add_files [glob $rtl/$folder/*.sv]
}
# The behavioural twins are for simulation.
remove_files [glob $rtl/core/plut_array_model.sv]
set_property file_type SystemVerilog [get_files *.sv]
# A block design takes a module from Verilog only: this wrapper names the ports for its bus interfaces.
add_files $rtl/kv260/plut_kv260.v
update_compile_order -fileset sources_1

create_bd_design system
set ps [create_bd_cell -type ip -vlnv xilinx.com:ip:zynq_ultra_ps_e ps]
apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e -config {apply_board_preset 1} $ps
set_property -dict [list CONFIG.PSU__USE__M_AXI_GP0 1 CONFIG.PSU__USE__M_AXI_GP1 0 CONFIG.PSU__USE__M_AXI_GP2 0 \
  CONFIG.PSU__USE__S_AXI_GP2 1 CONFIG.PSU__SAXIGP2__DATA_WIDTH 128 CONFIG.PSU__USE__IRQ0 1 \
  CONFIG.PSU__FPGA_PL0_ENABLE 1 CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ $mhz] $ps
set plut [create_bd_cell -type module -reference plut_kv260 plut]
set_property CONFIG.PAIR $pair $plut
# Registers on M_AXI_HPM0_FPD, DRAM through S_AXI_HP0_FPD; automation adds interconnects and resets.
apply_bd_automation -rule xilinx.com:bd_rule:axi4 \
  -config {Master /ps/M_AXI_HPM0_FPD Slave /plut/s_axil Clk_master Auto Clk_slave Auto Clk_xbar Auto} \
  [get_bd_intf_pins plut/s_axil]
apply_bd_automation -rule xilinx.com:bd_rule:axi4 \
  -config {Master /plut/m_axi Slave /ps/S_AXI_HP0_FPD Clk_master Auto Clk_slave Auto Clk_xbar Auto} \
  [get_bd_intf_pins ps/S_AXI_HP0_FPD]
connect_bd_net [get_bd_pins plut/irq] [get_bd_pins ps/pl_ps_irq0]
assign_bd_address
validate_bd_design
save_bd_design
make_wrapper -files [get_files system.bd] -top -import

launch_runs impl_1 -to_step write_bitstream -jobs 4
wait_on_run impl_1
open_run impl_1
report_utilization -hierarchical -file $out/utilization.txt
report_timing_summary -file $out/timing.txt
report_power -file $out/power.txt
file copy -force $out/plut/plut.runs/impl_1/system_wrapper.bit $out/plut.bit
write_hw_platform -fixed -include_bit -force $out/plut.xsa
