module example.com/customers

go 1.21
