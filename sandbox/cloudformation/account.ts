// SDK options for one account of the sandbox: the access key id names the account.
export interface Endpoint {
  endpoint: string
  region: string
}

export const clientOptions = ({ endpoint, region }: Endpoint, account: string) => ({
  endpoint,
  region,
  credentials: { accessKeyId: account, secretAccessKey: 'sandbox' },
})
