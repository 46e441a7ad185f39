require ["fileinto", "mailbox"];
# The relay refuses what is surely unwanted, and marks what it doubts.
if anyof (header :is "X-Spam" "Yes", header :is "X-Spam-Flag" "YES") {
    fileinto :create "Junk";
    stop;
}
