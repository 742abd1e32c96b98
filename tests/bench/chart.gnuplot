# SPDX-License-Identifier: Apache-2.0
# gnuplot -e 'data="chart.csv"; picture="bench.svg"' chart.gnuplot: medians of a bench side by side, in milliseconds.
set datafile separator ","
set terminal svg size 960,420 font "sans,13" background "white"
set output picture
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set ylabel "median, milliseconds"
set logscale y
set yrange [0.1:*]
set key top right
set grid ytics
plot data using 2:xtic(1) title "mayfly" lc rgb "#1b7837", \
     data using 3 title "crun" lc rgb "#7fbf7b", \
     data using 4 title "runc" lc rgb "#af8dc3", \
     data using 5 title "floor" lc rgb "#999999"
