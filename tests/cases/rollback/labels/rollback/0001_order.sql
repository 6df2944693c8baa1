DROP TABLE "Order";
DROP TYPE state;
