# What nandsim (drivers/mtd/nand/raw/nandsim.c) has in its cache_file stays there when the machine is off: all pages count as written, an
# erasure writes 0xff, and each write is on the disk before the next one. So a power cut leaves what it leaves on NAND flash.
s/O_CREAT | O_RDWR | O_LARGEFILE/O_RDWR | O_DSYNC | O_LARGEFILE/
s/ns->file_buf = kmalloc(ns->geom.pgszoob, /ns->file_buf = kmalloc(ns->geom.pgszoob * ns->geom.pgsec, /
/for (i = 0; i < ns->geom.pgsec; i++)$/,/^\t\t\t}/ c\
\t\tmemset(ns->file_buf, 0xff, ns->geom.pgszoob * ns->geom.pgsec);\
\t\tns_write_file(ns, ns->cfile, ns->file_buf, ns->geom.pgszoob * ns->geom.pgsec, (loff_t)ns->regs.row * ns->geom.pgszoob);
/ns->file_buf = kmalloc(/ i\
\t\tbitmap_fill(ns->pages_written, ns->geom.pgnum);
