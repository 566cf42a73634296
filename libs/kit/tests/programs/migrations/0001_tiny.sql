CREATE TABLE tiny (number int);
